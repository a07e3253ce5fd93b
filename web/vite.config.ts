import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { artifacts, comparison, contentSecurity, verifierContracts } from './server.js'

/** What makes a page cross-origin isolated, so that threads share one copy of a key. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [artifacts(), verifierContracts(), comparison(), contentSecurity()],
  server: { headers, host: 'localhost' },
  preview: { headers, host: 'localhost' },
  // Parts of a bundle that is loaded when it is needed: the prover, charts, the chain's client.
  build: {
    rollupOptions: {
      // Libraries say "use client" for servers that render; here there is none.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
    outDir: fileURLToPath(new URL('../.build/web', import.meta.url)),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1024,
  },
})
