#!/usr/bin/env node
import { describeFailure } from './errors.js'
import { say } from './io.js'
import { createProgram } from './program.js'

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  const program = await createProgram(process.argv[2])
  await program.parseAsync()
} catch (error) {
  const { lines, exitCode } = describeFailure(error)
  for (const line of lines) say(line)
  if (process.env['SOULPROOF_DEBUG'] && exitCode !== 0) console.error(error)
  process.exitCode = exitCode
}
