// Vite warns of chunks above 500 kB; snarkjs and the constants of Poseidon are what they are.
export default { build: { chunkSizeWarningLimit: 1024 } }
