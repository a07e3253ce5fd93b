/** The verifier service: gates over HTTP, with limits, metrics and a description of itself. Node only. */

export { createService, type Service, type ServiceOptions } from './app.js'
export { createMetrics, type Metrics } from './metrics.js'
export { type GateConfig, readServiceConfig, type ServiceConfig, startService } from './start.js'
