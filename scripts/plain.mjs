import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/*
 * Bundles what was built for pages without a bundler: dist/plain/soulproof.js with the files of its workers beside it.
 *
 *   node scripts/plain.mjs
 */

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const names = { entryFileNames: '[name].js', chunkFileNames: '[name].js', assetFileNames: '[name][extname]' }

await build({
  configFile: false,
  root: path('.'),
  base: './',
  publicDir: false,
  logLevel: 'warn',
  worker: { format: 'es', rollupOptions: { output: names } },
  build: {
    outDir: path('dist/plain'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: false,
    chunkSizeWarningLimit: 1024,
    rollupOptions: {
      input: path('scripts/plain/soulproof.js'),
      preserveEntrySignatures: 'strict',
      output: names,
    },
  },
})
