import assert from 'node:assert/strict'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright-core'
import { packArtifactFiles } from '../../scripts/lib/packed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The screens of examples/, and where they are built. */
export const EXAMPLES = join(ROOT, 'examples')
export const OUT = join(ROOT, '.build', 'examples')

/** What every screen says in the end. */
const EXPECTED = 'an adult from CA'

/** Presses the button, and asserts what the app then says, with nothing that the page complains of. */
export async function drive(o: { context: BrowserContext; url: string; isolated: boolean }): Promise<void> {
  const page = await o.context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // A browser asks for an icon by itself.
    if (message.location().url.endsWith('/favicon.ico')) return
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error(violatedDirective))
  })
  await page.goto(o.url)
  assert.equal(await page.evaluate(() => crossOriginIsolated), o.isolated)
  await page.waitForSelector('button:enabled')
  await proveOnce(page)
  // And once more with all that is there by now.
  await proveOnce(page)
  assert.deepEqual(complaints, [])
}

async function proveOnce(page: Page): Promise<void> {
  await page.click('button')
  await page.waitForFunction(
    () => !['', 'proving'].includes(document.querySelector('output')?.textContent ?? ''),
    {
      timeout: 120_000,
    },
  )
  assert.equal(await page.textContent('output'), EXPECTED)
}

/** Puts the packed artifacts of the screens into a folder. */
export async function copyArtifacts(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const path of await packArtifactFiles('policy-s'))
    await cp(path, join(folder, path.split('/').at(-1) ?? ''))
}
