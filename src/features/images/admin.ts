import { Router } from 'express';
import { textOf } from '../../web/form';
import { uploadOf } from './admin-uploads';
import { IMAGE_KINDS, imageFieldView } from './fields';

/** Where a script sends the picture that was chosen in a form, ahead of the form itself. */
export function imageRoutes(): Router {
  const router = Router();

  router.post('/images', (request, response) => {
    const kind = IMAGE_KINDS.find((each) => uploadOf(request, each));
    if (!kind) return response.status(422).json({ message: 'Choose a file.' });
    // `takeUploads` has looked at it.
    const { error, value, preview } = imageFieldView(kind, textOf(request.body, kind));
    if (error !== undefined) return response.status(422).json({ message: error });
    return response.status(201).json({ name: value, preview });
  });

  return router;
}
