import '@fontsource-variable/newsreader/wght.css'
import { createRoot } from 'react-dom/client'
import { App } from './app.js'
import './style.css'

createRoot(document.getElementById('app') as HTMLElement).render(<App />)
