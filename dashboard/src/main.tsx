// Entry point: applies the theme, renders the page, and connects to `dev`.

import { render } from 'preact';
import { Shell } from './components/shell';
import { start } from './route/router';
import { connect } from './store/connection';
import { applyTheme } from './components/theme';

applyTheme();
start();
const root = document.getElementById('app');
if (root) render(<Shell />, root);
connect();
