import { showScreen } from '../screen.js'

const worker = new Worker(new URL('./prove.js', import.meta.url), { type: 'module' })

showScreen(
  (onProgress) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.phase) onProgress(data.phase, data.share)
        else if (data.error) reject(data.error)
        else resolve(data.result)
      }
      worker.postMessage('prove')
    }),
)
