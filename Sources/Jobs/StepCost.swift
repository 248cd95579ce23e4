import Foundation
import Generation

/// What was measured of a model.
struct StepCost {
  /// Seconds for a multiply-add of the network, and of what comes besides the steps.
  let denoising, coding: Double
  /// Bytes the process has with the model's weights.
  let weights: Int

  /// What a picture takes.
  func seconds(_ work: PictureWork) -> Double { denoising * work.denoising + coding * work.coding }

  /// A size to measure at: the request's, or one of its shape with a share of the model's own pixels.
  static func probe(_ request: GenerationRequest, _ loaded: LoadedPipeline, share: Double) -> PixelSize {
    let components = loaded.components
    let own = Double(components.defaultSize * components.defaultSize) * share
    let shrink = (own / (Double(request.width) * Double(request.height))).squareRoot()
    guard shrink < 1 else { return PixelSize(width: request.width, height: request.height) }
    let multiple = components.sizeMultiple
    func side(_ side: Int) -> Int { max(Int(Double(side) * shrink) / multiple, 1) * multiple }
    return PixelSize(width: side(request.width), height: side(request.height))
  }

  /// Multiply-adds of a step at the model's own size, guidance included.
  static func ownStep(_ request: GenerationRequest, _ loaded: LoadedPipeline) -> Double {
    let components = loaded.components
    let side = components.defaultSize / components.autoencoder.downscale
    return components.work(width: side, height: side).products * (request.guidance.isOn ? 2 : 1)
  }

  /// Runs two steps of a job's first picture at a size.
  static func measure(_ prepared: PreparedJob, _ loaded: LoadedPipeline, size: PixelSize) throws -> StepCost {
    var short = prepared.request
    (short.prompts, short.seeds) = (Array(short.prompts.prefix(1)), Array(short.seeds.prefix(1)))
    (short.variations, short.blends) = (Array(short.variations.prefix(1)), Array(short.blends.prefix(1)))
    (short.steps, short.hires, short.width, short.height) = (2, nil, size.width, size.height)
    // A step with all its rows, as `PictureWork` counts them.
    short.guidance.interval = nil
    let weights = MachineMemory.used() ?? 0
    var marks = [Date()]
    let mark = { (_: Int, _: Int) in marks.append(Date()) }
    if let edit = prepared.edit {
      try edit.measure(short, loaded, onStep: mark)
    } else {
      let made = try loaded.pipeline.generate(short, onStep: { mark($0.index + 1, $0.count) })
      _ = made.pixels
    }
    marks.append(Date())
    let step = marks[2].timeIntervalSince(marks[1])
    let total = marks[marks.count - 1].timeIntervalSince(marks[0])
    let work = PictureWork(
      measured: short, prepared.edit?.kind, loaded.components, isEdit: prepared.edit != nil,
      precision: loaded.pipeline.precision)
    return StepCost(
      denoising: step / max(work.step, 1), coding: max(total - 2 * step, 0) / max(work.coding, 1), weights: weights)
  }
}
