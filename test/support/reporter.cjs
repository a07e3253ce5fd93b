const { readFileSync } = require('node:fs')
const { reporters, Runner } = require('mocha')

/**
 * Seconds of CPU of this process and its threads, and on Linux of the processes that it started and that ended: what tests
 * cost, however busy the machine is.
 */
function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  let ticks = 0
  try {
    // Fields 16 and 17 of proc(5), behind the name in brackets, in hundredths of seconds.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')
    ticks = Number(fields[13]) + Number(fields[14])
  } catch {}
  return (user + system) / 1e6 + ticks / 100
}

/** Mocha's spec reporter, ending with one line of CPU time and one plain line of counts. */
module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats
      process.stdout.write(
        `\n${cpuSeconds().toFixed(1)} s of CPU\n${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}\n`,
      )
    })
  }
}
