import { followTutorial, tutorialNames } from '../lib/tutorials.js'

/*
 * Follows the tutorials of docs/tutorials as they are written: saves their files, runs the commands whose output they show, and compares it.
 *
 *   npm run check:tutorials -- [app-developer dao …]
 */

const wanted = process.argv.slice(2)
const names = wanted.length > 0 ? wanted : tutorialNames()
for (const name of names) {
  const start = performance.now()
  const count = await followTutorial({
    name,
    onCommand: (command) => process.stderr.write(command.replaceAll(/^/gm, '$ ').replace(/\$ $/, '')),
  })
  if (count === 0) throw new Error(`${name}.md shows no command with its output`)
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  process.stdout.write(`${name}: ${count} commands print what is shown, ${seconds} s\n`)
}
