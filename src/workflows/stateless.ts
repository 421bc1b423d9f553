// What keeps no state: a worker evaluates it once for all its workflows (scripts/workflow-bundle.mjs). Schemas and the libraries behind
// them would else be made again in the first task of each workflow, and kept for each one in the cache: 1.7 MB and 50 to 90 ms.
import * as gavFilter from '../contracts/gav-filter.js';
import * as messages from '../contracts/messages.js';
import * as plan from '../contracts/plan.js';
import * as request from '../contracts/request.js';
import * as verdict from '../contracts/verdict.js';
import * as windows from '../contracts/windows.js';
import './shared/carried-state.js';

// The SDK freezes what is shared as deep as it reaches, and goes no deeper where it is frozen. A schema has to stay as it is: it fills in
// its parts when it is first used.
for (const schemas of [gavFilter, messages, plan, request, verdict, windows]) Object.freeze(schemas);
