// The dashboard: one page whose address says what it shows.
import { render } from 'preact';
import { App } from './pages/app.js';
import { followLinks } from './place.js';

followLinks();
const root = document.getElementById('app');
if (root) render(<App />, root);
