// Before each test file, in its own world: Jest adds a variable of its own to the environment, and the folder is the process's.
import { clearProxies, clearSurroundings } from './surroundings.mjs';

const { XDG_CONFIG_HOME, XDG_DATA_HOME, TESTS_RUN_IN } = process.env;
clearSurroundings(process.env);
clearProxies(process.env);
Object.assign(process.env, { XDG_CONFIG_HOME, XDG_DATA_HOME });
process.chdir(TESTS_RUN_IN);
