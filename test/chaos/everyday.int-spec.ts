/** The part of the matrix that belongs to `npm test`; all of it: `npm run test:chaos`. */
import { frozen, killed, refused } from './faults/server-faults.js';
import { describeFaults } from './matrix.js';

describeFaults([refused, frozen, killed]);
