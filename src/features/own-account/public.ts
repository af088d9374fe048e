export { checkNewPassword, type PasswordErrors } from './new-password';
