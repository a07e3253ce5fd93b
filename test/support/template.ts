import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/**
 * Fills a template of snarkjs's own with a verification key: a contract that is compiled for comparison and never shipped. The
 * templates use a subset of EJS: code between `<%` and `%>`, values after `<%=`.
 *
 * @param file name of the template, such as `verifier_groth16.sol.ejs`
 */
export function snarkjsContract(file: string, key: object): string {
  const entry = createRequire(import.meta.url).resolve('snarkjs')
  const template = readFileSync(join(dirname(entry), '../templates', file), 'utf8')
  let body = 'let out = ""\n'
  let from = 0
  for (const match of template.matchAll(/<%(=?)([\s\S]*?)-?%>/g)) {
    body += `out += ${JSON.stringify(template.slice(from, match.index))}\n`
    body += match[1] === '=' ? `out += ${match[2]}\n` : `${match[2]}\n`
    from = match.index + match[0].length
  }
  body += `out += ${JSON.stringify(template.slice(from))}\nreturn out`
  return new Function(...Object.keys(key), body)(...Object.values(key)) as string
}
