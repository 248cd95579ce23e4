import Foundation
import NN
import TensorCore

/// Squares of a sample as tokens, each with its position (Dosovitskiy et al. 2021, §3.1; Peebles & Xie 2023, §3.2).
struct PatchEmbedding: Sendable {
  let projection: Conv2d
  let width, patch: Int
  /// Tokens along a side of the samples positions are counted in.
  let baseSide: Int
  let interpolation: Float
  /// Positions of a square sample of the usual size.
  private let usual: Tensor

  init(_ p: ParameterPath, _ config: DiTConfig) {
    (width, patch) = (config.width, config.patchSize)
    baseSide = config.sampleSize / patch
    interpolation =
      config.interpolationScale ?? (config.conditioning == .text ? Float(max(config.sampleSize / 64, 1)) : 1)
    projection = Conv2d(
      p.proj, config.inChannels, width, kernel: patch, stride: patch, padding: Padding(0),
      initializer: .glorot(config.inChannels * patch * patch, width))
    usual = SinCosPositions.embed(
      height: baseSide, width: baseSide, channels: width, baseSide: baseSide, interpolation: interpolation,
      device: projection.weight.value.device)
  }

  /// `[B, H, W, C]` to `[B, H / patch · W / patch, width]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (height, columns) = (x.shape[1] / patch, x.shape[2] / patch)
    let tokens = projection(x).reshaped([x.shape[0], height * columns, width])
    let isUsual = height == baseSide && columns == baseSide
    let positions =
      isUsual
      ? usual
      : SinCosPositions.embed(
        height: height, width: columns, channels: width, baseSide: baseSide, interpolation: interpolation,
      device: projection.weight.value.device)
    return tokens + positions.cast(to: x.dtype)
  }

  /// Tokens `[B, T, patch² · C]` as the sample `[B, height, width, C]` they are the squares of.
  func unpatched(_ tokens: Tensor, height: Int, width: Int) -> Tensor {
    let (batch, rows, columns) = (tokens.shape[0], height / patch, width / patch)
    let channels = tokens.shape[2] / (patch * patch)
    return tokens.reshaped([batch * rows, columns, patch, patch * channels]).permuted([0, 2, 1, 3])
      .reshaped([batch, height, width, channels])
  }
}

/// Sines and cosines of a token's column and row (diffusers' `get_2d_sincos_pos_embed`, from He et al. 2022).
enum SinCosPositions {
  /// - Parameters:
  ///   - channels: a multiple of 4: a half for the column, a half for the row, each sines before cosines.
  ///   - baseSide: tokens along a side that positions run over, whatever the height and width are.
  ///   - interpolation: what positions are divided by.
  ///   - device: that of the weights that read them.
  /// - Returns: `[1, height · width, channels]` float32.
  static func embed(height: Int, width: Int, channels: Int, baseSide: Int, interpolation: Float, device: Device)
    -> Tensor
  {
    let quarter = channels / 4
    let frequencies = (0..<quarter).map { pow(10000, -Double($0) / Double(quarter)) }
    func places(_ count: Int) -> [Double] {
      (0..<count).map { Double(Float($0) / (Float(count) / Float(baseSide)) / interpolation) }
    }
    let (rows, columns) = (places(height), places(width))
    return Tensor(shape: [1, height * width, channels], device: device) { out in
      for y in 0..<height {
        for x in 0..<width {
          let start = (y * width + x) * channels
          for (i, frequency) in frequencies.enumerated() {
            let (column, row) = (columns[x] * frequency, rows[y] * frequency)
            out[start + i] = Float(sin(column))
            out[start + quarter + i] = Float(cos(column))
            out[start + 2 * quarter + i] = Float(sin(row))
            out[start + 3 * quarter + i] = Float(cos(row))
          }
        }
      }
    }
  }
}

extension Initializer {
  /// Uniform with the variance `2 / (inputs + outputs)` (Glorot & Bengio 2010, eq. 16).
  static func glorot(_ inputs: Int, _ outputs: Int) -> Initializer {
    .uniform(bound: (6 / Float(max(inputs + outputs, 1))).squareRoot())
  }
}
