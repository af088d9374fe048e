/** Says over the player that its source doesn't play, and offers the server after the selected one. */
export function showFailure(): void {
  const message = document.querySelector<HTMLElement>('[data-player-failure]');
  if (!message?.hidden) return;
  const next = nextServer();
  const link = message.querySelector<HTMLAnchorElement>('[data-next-server]');
  if (link && next) {
    link.href = next.href;
    link.hidden = false;
  }
  const advice = message.querySelector('[data-player-advice]');
  if (advice && !next) advice.append(' There is no other server; please try again later.');
  message.hidden = false;
}

function nextServer(): HTMLAnchorElement | undefined {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('[data-server]')];
  const selected = links.findIndex((link) => link.hasAttribute('aria-current'));
  return links.length > 1 ? links[(selected + 1) % links.length] : undefined;
}
