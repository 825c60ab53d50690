require('a-missing-package');
