import { ACCESS_FAULTS } from './faults/access-faults.js';
import { describeFaults } from './matrix.js';

describeFaults(ACCESS_FAULTS);
