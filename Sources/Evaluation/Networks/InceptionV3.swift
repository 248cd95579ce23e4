import Generation
import Images
import NN
import TensorCore

/// Inception-v3 as FID was defined on: TensorFlow's network of December 2015 (Szegedy et al. 2016), 2,048 features and 1,008
/// classes. Pooling leaves padding out of its means, and the last block takes the largest value instead.
///
/// Source: torch-fidelity project, torch_fidelity/feature_extractor_inceptionv3.py, whose keys these are.
struct InceptionV3: FeatureNetwork {
  var namesClasses: Bool { classes != nil }
  let name = "Inception-v3 (FID)"
  let featureCount = 2048
  /// A key only this network's files have.
  static let mark = "Mixed_7c.branch3x3dbl_3b.conv.weight"
  private static let side = 299
  private static let classCount = 1008

  private let start: [NormalizedConv]
  private let blocks: [InceptionBlock]
  /// nil for files without the classifier, which FID has no use for.
  private let classes: Linear?

  init(_ p: ParameterPath, hasClasses: Bool) {
    start = [
      basicConv(p.Conv2d_1a_3x3, 3, 32, .init(height: 3, width: 3, stride: 2)),
      basicConv(p.Conv2d_2a_3x3, 32, 32, .init(height: 3, width: 3)),
      basicConv(p.Conv2d_2b_3x3, 32, 64, .init(height: 3, width: 3, padding: Padding(1))),
      basicConv(p.Conv2d_3b_1x1, 64, 80, .init()),
      basicConv(p.Conv2d_4a_3x3, 80, 192, .init(height: 3, width: 3)),
    ]
    blocks = [
      .a(p.Mixed_5b, 192, pooled: 32), .a(p.Mixed_5c, 256, pooled: 64), .a(p.Mixed_5d, 288, pooled: 64),
      .b(p.Mixed_6a, 288), .c(p.Mixed_6b, 768, middle: 128), .c(p.Mixed_6c, 768, middle: 160),
      .c(p.Mixed_6d, 768, middle: 160), .c(p.Mixed_6e, 768, middle: 192), .d(p.Mixed_7a, 768),
      .e(p.Mixed_7b, 1280, pool: Pooling.mean3x3), .e(p.Mixed_7c, 2048, pool: Pooling.max3x3),
    ]
    classes = hasClasses ? Linear(p.fc, featureCount, Self.classCount) : nil
  }

  /// TensorFlow 1's bilinear interpolation, which begins at the first pixel's corner and smooths nothing: part of FID's
  /// definition.
  func input(_ image: Image) -> Tensor {
    let plain = (image.channels == 4 ? image.composited(over: (255, 255, 255)) : image).converted(toChannels: 3)
    let side = Self.side
    func taps(_ length: Int) -> [(low: Int, high: Int, share: Float)] {
      let scale = Float(length) / Float(side)
      return (0..<side).map { index in
        let place = Float(index) * scale
        let low = Int(place)
        return (low, min(low + 1, length - 1), place - Float(low))
      }
    }
    let (columns, rows) = (taps(plain.width), taps(plain.height))
    return Tensor(shape: [1, side, side, 3]) { out in
      for (y, row) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
          for c in 0..<3 {
            func pixel(_ x: Int, _ y: Int) -> Float { Float(plain.pixels[(y * plain.width + x) * 3 + c]) }
            let (a, b) = (pixel(column.low, row.low), pixel(column.high, row.low))
            let (d, e) = (pixel(column.low, row.high), pixel(column.high, row.high))
            let (upper, lower) = (a + (b - a) * column.share, d + (e - d) * column.share)
            out[(y * side + x) * 3 + c] = (upper + (lower - upper) * row.share) / 127.5 - 1
          }
        }
      }
    }
  }

  func features(_ images: Tensor) -> NetworkFeatures {
    // ±1 here is value / 127.5 − 1, the network takes (value − 128) / 128.
    var x = images.scaled(by: 127.5 / 128, plus: -0.5 / 128)
    for conv in start[..<3] { x = conv(x, activation: .relu) }
    x = Pooling.max3x3Stride2(x)
    for conv in start[3...] { x = conv(x, activation: .relu) }
    x = Pooling.max3x3Stride2(x)
    for block in blocks { x = block(x) }
    let pooled = x.mean(axes: [1, 2])
    // The inception score leaves the bias out, as torch-fidelity does ("logits_unbiased").
    return NetworkFeatures(pooled: pooled, places: x, logits: classes.map { pooled.linear($0.weight.value) })
  }
}

/// A convolution with its normalisation under torchvision's names.
private func basicConv(
  _ p: ParameterPath, _ inputs: Int, _ outputs: Int, _ shape: NormalizedConv.Shape
) -> NormalizedConv {
  NormalizedConv(p.conv, p.bn, inputs, outputs, shape)
}

/// Branches over the same input, joined along channels.
private struct InceptionBlock: Sendable {
  /// A run of convolutions, at whose end there may be two side by side.
  struct Branch: Sendable {
    var pool: (@Sendable (Tensor) -> Tensor)?
    var convs: [NormalizedConv] = []
    var ends: [NormalizedConv] = []

    func callAsFunction(_ x: Tensor) -> Tensor {
      let y = convs.reduce(pool?(x) ?? x) { $1($0, activation: .relu) }
      return ends.isEmpty ? y : .concatenate(ends.map { $0(y, activation: .relu) }, axis: 3)
    }
  }

  let branches: [Branch]

  func callAsFunction(_ x: Tensor) -> Tensor { .concatenate(branches.map { $0(x) }, axis: 3) }

  typealias Shape = NormalizedConv.Shape
  private static let point = Shape()
  private static let wide = Shape(height: 1, width: 7, padding: Padding(top: 0, left: 3, bottom: 0, right: 3))
  private static let high = Shape(height: 7, width: 1, padding: Padding(top: 3, left: 0, bottom: 3, right: 0))
  private static let around = Shape(height: 3, width: 3, padding: Padding(1))
  private static let halving = Shape(height: 3, width: 3, stride: 2)

  static func a(_ p: ParameterPath, _ inputs: Int, pooled: Int) -> InceptionBlock {
    let five = Shape(height: 5, width: 5, padding: Padding(2))
    return InceptionBlock(branches: [
      Branch(convs: [basicConv(p.branch1x1, inputs, 64, point)]),
      Branch(convs: [basicConv(p.branch5x5_1, inputs, 48, point), basicConv(p.branch5x5_2, 48, 64, five)]),
      Branch(convs: [
        basicConv(p.branch3x3dbl_1, inputs, 64, point), basicConv(p.branch3x3dbl_2, 64, 96, around),
        basicConv(p.branch3x3dbl_3, 96, 96, around),
      ]),
      Branch(pool: Pooling.mean3x3, convs: [basicConv(p.branch_pool, inputs, pooled, point)]),
    ])
  }

  static func b(_ p: ParameterPath, _ inputs: Int) -> InceptionBlock {
    InceptionBlock(branches: [
      Branch(convs: [basicConv(p.branch3x3, inputs, 384, halving)]),
      Branch(convs: [
        basicConv(p.branch3x3dbl_1, inputs, 64, point), basicConv(p.branch3x3dbl_2, 64, 96, around),
        basicConv(p.branch3x3dbl_3, 96, 96, halving),
      ]),
      Branch(pool: Pooling.max3x3Stride2),
    ])
  }

  static func c(_ p: ParameterPath, _ inputs: Int, middle c: Int) -> InceptionBlock {
    InceptionBlock(branches: [
      Branch(convs: [basicConv(p.branch1x1, inputs, 192, point)]),
      Branch(convs: [
        basicConv(p.branch7x7_1, inputs, c, point), basicConv(p.branch7x7_2, c, c, wide),
        basicConv(p.branch7x7_3, c, 192, high),
      ]),
      Branch(convs: [
        basicConv(p.branch7x7dbl_1, inputs, c, point), basicConv(p.branch7x7dbl_2, c, c, high),
        basicConv(p.branch7x7dbl_3, c, c, wide), basicConv(p.branch7x7dbl_4, c, c, high),
        basicConv(p.branch7x7dbl_5, c, 192, wide),
      ]),
      Branch(pool: Pooling.mean3x3, convs: [basicConv(p.branch_pool, inputs, 192, point)]),
    ])
  }

  static func d(_ p: ParameterPath, _ inputs: Int) -> InceptionBlock {
    InceptionBlock(branches: [
      Branch(convs: [basicConv(p.branch3x3_1, inputs, 192, point), basicConv(p.branch3x3_2, 192, 320, halving)]),
      Branch(convs: [
        basicConv(p.branch7x7x3_1, inputs, 192, point), basicConv(p.branch7x7x3_2, 192, 192, wide),
        basicConv(p.branch7x7x3_3, 192, 192, high), basicConv(p.branch7x7x3_4, 192, 192, halving),
      ]),
      Branch(pool: Pooling.max3x3Stride2),
    ])
  }

  static func e(_ p: ParameterPath, _ inputs: Int, pool: @escaping @Sendable (Tensor) -> Tensor) -> InceptionBlock {
    let wide = Shape(height: 1, width: 3, padding: Padding(top: 0, left: 1, bottom: 0, right: 1))
    let high = Shape(height: 3, width: 1, padding: Padding(top: 1, left: 0, bottom: 1, right: 0))
    return InceptionBlock(branches: [
      Branch(convs: [basicConv(p.branch1x1, inputs, 320, point)]),
      Branch(
        convs: [basicConv(p.branch3x3_1, inputs, 384, point)],
        ends: [basicConv(p.branch3x3_2a, 384, 384, wide), basicConv(p.branch3x3_2b, 384, 384, high)]),
      Branch(
        convs: [basicConv(p.branch3x3dbl_1, inputs, 448, point), basicConv(p.branch3x3dbl_2, 448, 384, around)],
        ends: [basicConv(p.branch3x3dbl_3a, 384, 384, wide), basicConv(p.branch3x3dbl_3b, 384, 384, high)]),
      Branch(pool: pool, convs: [basicConv(p.branch_pool, inputs, 192, point)]),
    ])
  }
}
