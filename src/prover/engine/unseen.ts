/**
 * Imports a module by a name that bundlers cannot see, so that they leave it out of pages: what only Node has, or only
 * comparisons need.
 *
 * The name has to come through a parameter. Bundlers see through a variable next to the import.
 */
export function importUnseen(name: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name)
}
