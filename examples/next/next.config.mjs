const policy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'"

export default {
  async headers() {
    const headers = [{ key: 'Content-Security-Policy', value: policy }]
    // For shared memory, without which proofs are made too.
    if (process.env.ISOLATED) {
      headers.push({ key: 'Cross-Origin-Opener-Policy', value: 'same-origin' })
      headers.push({ key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' })
    }
    return [{ source: '/:path*', headers }]
  },
}
