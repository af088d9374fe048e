/** While the intro plays, a button and the key `s` lead to its end. */
export function offerSkip(video: HTMLVideoElement, signal: AbortSignal): void {
  const button = document.querySelector<HTMLButtonElement>('[data-skip-intro]');
  if (!button) return;
  const [start, end] = [Number(button.dataset.start), Number(button.dataset.end)];
  const show = (): void => {
    const isIntro = video.currentTime >= start && video.currentTime < end && end < video.duration;
    if (button.hidden !== isIntro) return;
    // What has the focus and goes would leave it to nobody.
    if (!isIntro && document.activeElement === button) video.focus({ preventScroll: true });
    button.hidden = !isIntro;
  };
  for (const event of ['timeupdate', 'seeked', 'loadedmetadata'])
    video.addEventListener(event, show, { signal });
  button.addEventListener('click', () => {
    video.currentTime = end;
  });
  show();
}

/** Presses the button, if it is there. */
export function skipIntro(): void {
  const button = document.querySelector<HTMLButtonElement>('[data-skip-intro]');
  if (button && !button.hidden) button.click();
}
