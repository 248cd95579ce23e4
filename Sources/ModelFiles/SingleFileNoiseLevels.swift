import Checkpoints
import Conditioning
import Diffusion
import Foundation

/// What the keys of a file say about continuous noise levels and about its latents: Playground 2.5, CosXL.
///
/// Source: the keys are those both were published with; the values that go with them are their authors'.
struct SingleFileNoiseLevels {
  /// nil for a model on the timesteps of a schedule.
  private(set) var edm: EDMSettings?
  private(set) var predictionType = PredictionType.epsilon
  /// diffusers' class of the sampler it was published with.
  private(set) var className = ""
  /// Mean and deviation of the latents' channels.
  private(set) var statistics: (mean: [Float], deviation: [Float])?

  /// Playground's latents are scaled by this after they are freed of mean and deviation.
  static let normalizedScale: Float = 0.5

  init(_ layout: SingleFileLayout) throws {
    let file = layout.file
    let keys = ["edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min"].filter {
      file.shape(of: $0) != nil
    }
    guard let first = keys.first else { return }
    func failure(_ reason: String) -> GenerationError { .noModel(path: file.path, reason: reason) }
    guard layout.traits.hasContinuousModels else {
      let known = ModelFamily.allCases.filter { ($0.traits as? any StableDiffusionTraits)?.hasContinuousModels == true }
      throw failure("has the key \(first), which is known of \(known.map(\.rawValue).joined(separator: ", ")) only")
    }
    func numbers(_ key: String, count: Int) throws -> [Float] {
      let shape = file.shape(of: key) ?? []
      // Looked at before the numbers are: a mark is a few of them.
      guard shape.count <= 4, shape.allSatisfy({ (1...count).contains($0) }), shape.reduce(1, *) == count else {
        throw failure("key \(key) has the shape \(shape), \(count) numbers are expected")
      }
      guard let raw = file.raw(key), raw.type.isFloat else {
        throw failure("key \(key) holds no floating-point numbers")
      }
      let values = raw.tensor().cast(to: .f32).floats()
      guard values.allSatisfy(\.isFinite) else { throw failure("key \(key) holds values that are no numbers") }
      return values
    }
    let channels = layout.unet.outputChannels
    if keys.contains("edm_mean") || keys.contains("edm_std") {
      guard keys.contains("edm_mean"), keys.contains("edm_std") else {
        throw failure("has \(first) without its partner")
      }
      let deviation = try numbers("edm_std", count: channels)
      guard deviation.allSatisfy({ $0 > 0 }) else { throw failure("key edm_std must be above 0") }
      statistics = (try numbers("edm_mean", count: channels), deviation)
      (edm, className) = (EDMSettings(), "EDMDPMSolverMultistepScheduler")
    }
    guard keys.contains("edm_vpred.sigma_max") || keys.contains("edm_vpred.sigma_min") else { return }
    guard statistics == nil else { throw failure("has edm_mean and \(keys[2]), of two kinds of models") }
    var levels = EDMSettings(sigmaMin: 0.002, sigmaMax: 120, sigmaData: 1, isExponential: true)
    // As written: the shortest number that gives the same float.
    func level(_ key: String) throws -> Double {
      let value = try numbers(key, count: 1)[0]
      return Double("\(value)") ?? Double(value)
    }
    if keys.contains("edm_vpred.sigma_max") { levels.sigmaMax = try level("edm_vpred.sigma_max") }
    if keys.contains("edm_vpred.sigma_min") { levels.sigmaMin = try level("edm_vpred.sigma_min") }
    if let problem = levels.problem { throw failure("edm_vpred: \(problem)") }
    (edm, className, predictionType) = (levels, "EDMEulerScheduler", .velocity)
  }
}
