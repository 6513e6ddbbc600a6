/** The part of the matrix that belongs to `npm test`; all of it: `npm run test:chaos`. */
import { lostRight } from './faults/access-faults.js';
import { frozen, killed, refused } from './faults/server-faults.js';
import { describeFaults } from './matrix.js';

describeFaults([refused, frozen, killed, lostRight]);
