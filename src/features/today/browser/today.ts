import { drawMinutes } from './minutes-chart';

const chart = document.querySelector<HTMLElement>('[data-minutes]');
if (chart) void drawMinutes(chart);
