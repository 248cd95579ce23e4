import Conditioning
import Foundation
import Jobs
import TensorCore

/// What a benchmark takes of memory, known beforehand from peaks measured at two sizes each (docs/performance.md).
struct BenchMemory {
  /// Gigabytes whatever the batch, and for each row of `side`² pixels.
  struct Need {
    let model, row: Double
  }

  let what: String
  let side: Double
  let narrow, wide: Need  // in bf16 and in float32
  /// Rows that are held at once; what is above goes in bands, a sixth of a row each.
  var mostRows = Double.infinity

  static let unet = BenchMemory(
    what: "unet", side: 256, narrow: Need(model: 4, row: 0.06), wide: Need(model: 7.5, row: 0.11))
  static let decode = BenchMemory(
    what: "vae-decode", side: 256, narrow: Need(model: 0.5, row: 0.15), wide: Need(model: 0.7, row: 0.8), mostRows: 16)
  static let encode = BenchMemory(
    what: "vae-encode", side: 256, narrow: Need(model: 0.5, row: 0.15), wide: Need(model: 0.7, row: 0.8))
  static let loraStep = BenchMemory(
    what: "lora-step", side: 256, narrow: Need(model: 4.4, row: 0.22), wide: Need(model: 11.3, row: 0.45))
  /// With blocks that are computed again.
  static let recomputedLoRAStep = BenchMemory(
    what: "lora-step", side: 256, narrow: Need(model: 2.9, row: 0.08), wide: Need(model: 11.3, row: 0.45))
  static let trainStep = BenchMemory(
    what: "train-step", side: 128, narrow: Need(model: 2.45, row: 0.25), wide: Need(model: 3, row: 0.6))
  static let smallStep = BenchMemory(
    what: "small-step", side: 128, narrow: Need(model: 0.45, row: 0.0065), wide: Need(model: 0.5, row: 0.013))

  /// Bytes it will take, about.
  func bytes(size: Int, batch: Int, dtype: DType) -> Double {
    let need = dtype == .f32 ? wide : narrow
    let rows = Double(batch) * pow(Double(size) / side, 2)
    return 1e9 * (need.model + need.row * (min(rows, mostRows) + max(rows - mostRows, 0) / 6))
  }

  /// Throws where the machine has less than that.
  func check(size: Int, batch: Int, _ options: BenchOptions, available: Int? = MachineMemory.available()) throws {
    let needed = bytes(size: size, batch: batch, dtype: options.dtype)
    guard let available, needed > Double(available) else { return }
    throw GenerationError.unsupported(
      what: String(
        format: "%@ at size %d, batch %d: it needs about %.1f GB, %.1f GB are free; take a smaller --size or --batch",
        what, size, batch, needed / 1e9, Double(available) / 1e9))
  }
}
