/** What dates of the page are written by. As on the server, English ones have the order that they have in most of the world. */
export const LOCALE = document.documentElement.lang.replace(/^en$/, 'en-GB');
