/** Head of a request as a browser on this machine would send it. */
export function browserRequest(
  path: string,
  options: { readonly gzip?: boolean; readonly accept?: string; readonly fields?: readonly string[] } = {},
): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: keep-alive',
    `Accept: ${options.accept ?? 'text/html,application/xhtml+xml,*/*;q=0.8'}`,
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: cors',
    'Referer: http://127.0.0.1/episodes/latest',
    'Accept-Language: en-GB,en;q=0.9',
    ...(options.gzip ? ['Accept-Encoding: gzip, deflate, br'] : []),
    ...(options.fields ?? []),
    '\r\n',
  ].join('\r\n');
}

export function streamRequest(
  options: { readonly gzip?: boolean; readonly fields?: readonly string[] } = {},
): string {
  return browserRequest('/events', { accept: 'text/event-stream', ...options });
}
