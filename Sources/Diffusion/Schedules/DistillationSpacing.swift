/// Timesteps of models distilled to few steps: some of the teacher's (Luo et al. 2023, §4.3).
enum DistillationSpacing {
  static func timesteps(_ config: SchedulerConfig, steps: Int, sampler: String) throws(SamplerError) -> [Int] {
    let count = config.originalInferenceSteps
    guard (1...config.trainSteps).contains(count) else {
      throw .unsupportedSetting(sampler: sampler, key: "original_inference_steps", value: "\(count)")
    }
    guard (1...count).contains(steps) else { throw .badSteps(sampler: sampler, steps: steps, limit: count) }
    let ratio = config.trainSteps / count
    let stride = Double(count) / Double(steps)
    let timesteps = (0..<steps).map { i in (count - Int(Double(i) * stride)) * ratio - 1 }
    try config.checkDiscrete(timesteps, sampler: sampler)
    return timesteps
  }
}
