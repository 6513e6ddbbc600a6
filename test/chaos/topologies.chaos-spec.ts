import { TOPOLOGY_FAULTS } from './faults/topology-faults.js';
import { describeFaults } from './matrix.js';

describeFaults(TOPOLOGY_FAULTS);
