import { createAvailability } from '../../src/platform/availability';
import { createLogger } from '../../src/platform/log';
import { keepLogLines } from '../support/log-lines';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function create() {
  const lines = keepLogLines();
  const states: boolean[] = [];
  const availability = createAvailability({
    name: 'Postgres',
    log: createLogger('info', lines.destination),
    onChange: (isUp) => states.push(isUp),
  });
  return { availability, lines, states };
}

test('says once that it is away and once that it is back, however many meet it', () => {
  const { availability, lines, states } = create();
  availability.succeeded();
  for (let each = 0; each < 100; each++) availability.failed('connect ECONNREFUSED');
  expect(availability.awayMs).toBe(0);
  jest.advanceTimersByTime(60_000);
  expect(availability.awayMs).toBe(60_000);
  for (let each = 0; each < 100; each++) availability.succeeded();
  expect(lines.messages(30)).toEqual(['Postgres is away: connect ECONNREFUSED', 'Postgres is back']);
  expect(lines.text()).toContain('"awayMs":60000');
  expect(states).toEqual([true, false, true]);
  expect(availability.awayMs).toBeUndefined();
});

test('is not back while some still fail', () => {
  const { availability, lines } = create();
  for (let each = 0; each < 30; each++) {
    availability.failed('too many clients');
    jest.advanceTimersByTime(1_000);
    availability.succeeded();
  }
  expect(lines.messages(30)).toEqual(['Postgres is away: too many clients']);
  jest.advanceTimersByTime(1_000);
  availability.succeeded();
  expect(lines.messages(30)).toHaveLength(2);
});
