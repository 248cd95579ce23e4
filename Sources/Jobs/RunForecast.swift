import Foundation
import Generation

/// How long the pictures of a job will take, said before or as soon as it is known, and whether there is memory for them.
package struct RunForecast {
  /// Waits from here on are told, in seconds.
  private static let longWait = 120.0
  /// A step so many times one at the model's own size is measured on a smaller picture first.
  private static let largeStep = 1.5
  /// Multiply-adds of which no machine that runs this takes minutes.
  private static let smallRun = 1e12

  /// Multiply-adds of a step and of all pictures, bytes of memory.
  private let step, total, bytes: Double
  private let pictures, batch: Int
  private let size: String
  private var isTold = false
  private var lastStep: Date?

  /// - Parameters:
  ///   - step: multiply-adds of one step of a picture, guidance included.
  ///   - total: multiply-adds of all pictures.
  ///   - bytes: memory for a batch, besides the model's weights.
  ///   - batch: pictures whose steps are told together.
  ///   - size: as a person is told.
  package init(step: Double, total: Double, bytes: Double, pictures: Int, batch: Int = 1, size: String) {
    (self.step, self.total, self.bytes, self.pictures, self.size) = (step, total, bytes, pictures, size)
    self.batch = max(batch, 1)
  }

  /// - Parameter work: of one picture, in batches.
  init(_ work: PictureWork, _ request: GenerationRequest, pictures: Int, batch: Int) {
    self.init(
      step: work.step, total: Double(pictures) * (work.denoising + work.coding), bytes: work.bytes, pictures: pictures,
      batch: batch, size: "\(request.width)×\(request.height)")
  }

  /// Throws if the machine has less memory left than the pictures need.
  package func checkMemory(available: Int? = MachineMemory.available()) throws(JobError) {
    guard pictures > 0 else { return }
    try Self.checkMemory(
      bytes, available, name: "`width`, `height`", value: size,
      advice: "take a smaller size" + (batch > 1 ? ", or fewer pictures at once with `batch`" : "")
        + " (`ignore-memory` tries it all the same)")
  }

  /// Throws if the machine has less memory left than `bytes`.
  /// - Parameters:
  ///   - name: the setting to change, and the `value` it has.
  ///   - advice: what to do.
  package static func checkMemory(
    _ bytes: Double, _ available: Int?, name: String, value: String, advice: String
  ) throws(JobError) {
    guard let available, bytes > Double(available) else { return }
    let (needed, there) = (gigabytes(bytes), gigabytes(Double(available)))
    throw .badValue(
      name: name, value: value, reason: "needs about \(needed) GB more memory, \(there) GB are free: \(advice)")
  }

  /// As a person is told.
  package static func gigabytes(_ bytes: Double) -> String { String(format: "%.1f", bytes / 1e9) }

  /// Measures steps of a smaller picture where the job's own are so large that the first would be long in coming.
  /// - Returns: one line, if it will take minutes.
  mutating func beforehand(_ work: PictureWork, _ prepared: PreparedJob, _ loaded: LoadedPipeline) throws -> String? {
    guard total > Self.smallRun, step > Self.largeStep * StepCost.ownStep(prepared.request, loaded) else { return nil }
    let probe = StepCost.probe(prepared.request, loaded, share: 0.25)
    return line(try StepCost.measure(prepared, loaded, size: probe).seconds(work) * Double(pictures))
  }

  /// Learns from the steps of the first picture.
  /// - Returns: one line at the second step, if it will take minutes.
  package mutating func told(atStep done: Int, at now: Date = Date()) -> String? {
    guard !isTold, total > Self.smallRun else { return nil }
    guard let last = lastStep else {
      lastStep = now
      return nil
    }
    isTold = true
    guard done == 2 else { return nil }
    return line(now.timeIntervalSince(last) * total / max(step * Double(batch), 1))
  }

  private mutating func line(_ seconds: Double) -> String? {
    isTold = true
    guard seconds >= Self.longWait else { return nil }
    return "about \(Self.duration(seconds)) for \(pictures == 1 ? "a picture" : "\(pictures) pictures") of \(size); "
      + "Ctrl-C stops and keeps what is finished"
  }

  /// In the unit a person would use.
  package static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<100: "\(max(Int(seconds.rounded(.up)), 1)) s"
    case ..<5400: "\(Int((seconds / 60).rounded(.up))) minutes"
    case ..<172_800: "\(Int((seconds / 3600).rounded())) hours"
    default: String(format: "%.0f days", min(seconds / 86_400, 1e9))
    }
  }
}
