import { SERVER_FAULTS } from './faults/server-faults.js';
import { describeFaults } from './matrix.js';

describeFaults(SERVER_FAULTS);
