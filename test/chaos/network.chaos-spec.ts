import { NETWORK_FAULTS } from './faults/network-faults.js';
import { describeFaults } from './matrix.js';

describeFaults(NETWORK_FAULTS);
