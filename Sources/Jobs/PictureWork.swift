import Generation
import Models

/// What the pictures of a job need: multiply-adds, and memory besides the model's weights.
package struct PictureWork {
  /// Of the network, for one picture.
  let denoising: Double
  /// Of one step, guidance included.
  package let step: Double
  /// Of the autoencoder, for one picture.
  package let coding: Double
  /// Bytes while one batch is made.
  package let bytes: Double

  /// - Parameter batch: pictures at once.
  init(_ prepared: PreparedJob, _ components: PipelineComponents, precision: Precision, batch: Int) {
    let request = prepared.request
    let first = PassWork(
      components, width: request.width, height: request.height, isEdit: prepared.edit != nil, precision: precision)
    let rows: Double =
      prepared.edit?.kind == .instruction ? 3 : request.guidance.isOn ? 2 : 1
    let evaluations = prepared.edit?.evaluations(request) ?? Double(request.steps) * rows
    var (denoising, coding) = (evaluations * first.row, first.coding)
    // A batch's rows go through the network together, in float32 those of each picture.
    let together = rows * Double(precision == .f32 ? 1 : batch)
    var memory = first.bytes(rows: together)
    if let hires = request.hires {
      let growth = hires.growth(of: request, multiple: components.sizeMultiple).squareRoot()
      let second = PassWork(
        components, width: Int(Double(request.width) * growth), height: Int(Double(request.height) * growth),
        isEdit: hires.upscaler == .lanczos, precision: precision)
      denoising += Double(hires.stepCounts(after: request).run) * rows * second.row
      coding = second.coding + (hires.upscaler == .lanczos ? first.coding : 0)
      memory = max(memory, second.bytes(rows: together))
    }
    (self.denoising, self.coding, step) = (denoising, coding, rows * first.row)
    // What a batch holds besides are latents and results.
    bytes = memory + Double(batch) * first.resultBytes * (request.hires?.growth(of: request, multiple: 8) ?? 1)
  }
}

extension PictureWork {
  /// Two steps of one picture in a single pass, as `StepCost` runs them.
  /// - Parameter isEdit: whether the autoencoder encodes a picture too.
  package init(
    measured request: GenerationRequest, _ kind: PipelineComponents.Kind?, _ components: PipelineComponents,
    isEdit: Bool, precision: Precision
  ) {
    let pass = PassWork(
      components, width: request.width, height: request.height, isEdit: isEdit, precision: precision)
    let rows: Double = kind == .instruction ? 3 : request.guidance.isOn ? 2 : 1
    (step, denoising, coding) = (rows * pass.row, 2 * rows * pass.row, pass.coding)
    bytes = pass.bytes(rows: rows)
  }
}

/// One pass of a picture through the networks.
private struct PassWork {
  /// Multiply-adds of one row of the network.
  let row: Double
  let coding: Double
  private let rowValues, codingBytes, valueBytes: Double
  /// Latents and pictures that wait, in float32 and as bytes.
  let resultBytes: Double

  /// What decoding and encoding in bands keep at most.
  private static let bandBytes = 2.8e9
  /// The engine's blocks and packed weights, measured.
  private static let overhead = 1.3

  init(_ components: PipelineComponents, width: Int, height: Int, isEdit: Bool, precision: Precision) {
    let scale = components.autoencoder.downscale
    let (w, h) = (max(width / scale, 1), max(height / scale, 1))
    let network = components.work(width: w, height: h)
    valueBytes = Double(precision.dtype.byteSize)
    (row, rowValues) = (network.products, network.values)
    let pixels = Double(width) * Double(height)
    resultBytes = pixels * (3 * 4 * 3 + 3)
    guard case .kl(let model) = components.autoencoder else {
      (coding, codingBytes) = (pixels * 64 * 64 * 9 * 4, pixels * 64 * 4 * valueBytes)
      return
    }
    let layers = model.config.layersPerBlock + 1
    let decoding = model.config.work(width: w, height: h, layers: layers)
    let encoding = isEdit ? model.config.work(width: w, height: h, layers: layers - 1).products : 0
    coding = decoding.products + encoding
    let deepest = 6 * Double(model.config.blockOutChannels.last ?? 0) * Double(w * h)
    codingBytes = min(decoding.values * valueBytes, Self.bandBytes + deepest * valueBytes)
  }

  func bytes(rows: Double) -> Double { Self.overhead * max(rowValues * rows * valueBytes, codingBytes) }
}
