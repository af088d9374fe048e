import { startPlayer } from './watch/player';
import { switchServersInPlace } from './watch/server-switch';
import { followStepKeys } from './watch/step-keys';

followStepKeys();
let stopPlayer = startPlayer();
switchServersInPlace({
  onSwitched: () => {
    stopPlayer();
    stopPlayer = startPlayer();
  },
});
