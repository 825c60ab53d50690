#!/usr/bin/env bash
# guess: libraries for cron agree about a local time that daylight saving skips or repeats, and do what EventBridge Scheduler does:
#   a skipped time does not occur, and a repeated one occurs once
# behaviour: none of them skips, and they disagree. `30 2 * * *` in Berlin on the day without 02:30 is 03:00 for croniter and croner
#   and 03:30 for cron-parser; on the day with two of them it occurs twice for croniter and once for the others. The user guide of
#   EventBridge Scheduler has its rules (*Daylight savings time*).
# version: croniter 7.0.0 (PyPI, Python 3.9 or newer); croner 11.0.1, cron-parser 5.10.6 (npm)
# date: 2026-11-30
# output:
#   croniter:     03-29 03:00, 10-25 02:30 02:30
#   croner:       03-29 03:00, 10-25 02:30
#   cron-parser:  03-29 03:30, 10-25 02:30
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check croniter==7.0.0 tzdata
npm install --silent --no-save --no-package-lock --ignore-scripts croner@11.0.1 cron-parser@5.10.6 > /dev/null

cat > next.py <<'PYTHON'
import datetime
import zoneinfo

from croniter import croniter

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")


def times(month, day):
    """Returns the local times of that day at which the schedule is due."""
    start = datetime.datetime(2026, month, day, tzinfo=ZONE)
    schedule = croniter("30 2 * * *", start)
    due = [schedule.get_next(datetime.datetime) for _ in range(3)]
    return " ".join("%s" % time.strftime("%H:%M") for time in due if time.date() == start.date())


print("croniter:     03-29 %s, 10-25 %s" % (times(3, 29), times(10, 25)))
PYTHON
cat > next.mjs <<'JAVASCRIPT'
import { Cron } from 'croner';
import { CronExpressionParser } from 'cron-parser';

const tz = 'Europe/Berlin';
const libraries = {
  'croner:      ': (start) => new Cron('30 2 * * *', { timezone: tz }).nextRuns(3, start),
  'cron-parser: ': (start) => {
    const schedule = CronExpressionParser.parse('30 2 * * *', { tz, currentDate: start });
    return [1, 2, 3].map(() => schedule.next().toDate());
  },
};
const local = (time, format) => new Intl.DateTimeFormat('en-GB', { timeZone: tz, ...format }).format(time);
const day = (time) => local(time, { day: 'numeric', month: 'numeric' });
for (const [name, next] of Object.entries(libraries)) {
  // Midnight in Berlin of both days.
  const [spring, autumn] = ['2026-03-28T23:00:00Z', '2026-10-24T22:00:00Z'].map((text) => {
    const start = new Date(text);
    const due = next(start).filter((time) => day(time) === day(start));
    return due.map((time) => local(time, { hour: '2-digit', minute: '2-digit' })).join(' ');
  });
  console.log(`${name} 03-29 ${spring}, 10-25 ${autumn}`);
}
JAVASCRIPT

seen=$(venv/bin/python next.py; node next.mjs)
echo "$seen"
[ "$seen" = 'croniter:     03-29 03:00, 10-25 02:30 02:30
croner:       03-29 03:00, 10-25 02:30
cron-parser:  03-29 03:30, 10-25 02:30' ]
