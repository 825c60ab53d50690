// Begins: the theme first, then the page, then the connection.

import { render } from 'preact';
import { Shell } from './parts/shell';
import { start } from './route/router';
import { connect } from './state/connection';
import { applyTheme } from './parts/theme';

applyTheme();
start();
const place = document.getElementById('app');
if (place) render(<Shell />, place);
connect();
