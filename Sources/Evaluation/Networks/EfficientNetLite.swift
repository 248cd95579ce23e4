import Generation
import Images
import NN
import TensorCore

/// EfficientNet-Lite0 (Tan & Le 2019, table 1; its "lite" form has ReLU6 and no squeeze-and-excitation): 1,280 features
/// of a picture, and the 1,000 classes it was trained on.
///
/// Keys are those of the PyTorch port whose files people have: `_conv_stem`, `_blocks.N`, `_conv_head`, `_fc`.
struct EfficientNetLite: FeatureNetwork {
  let namesClasses = true
  let name = "EfficientNet-Lite0"
  let featureCount = 1280
  /// A key only this network's files have.
  static let mark = "_blocks.0._depthwise_conv.weight"
  private static let side = 224

  private let stem: NormalizedConv
  private let blocks: [Block]
  private let head: NormalizedConv
  private let classes: Linear

  /// Kernel, stride, expansion, output channels and repeats of each stage.
  private static let stages = [
    (3, 1, 1, 16, 1), (3, 2, 6, 24, 2), (5, 2, 6, 40, 2), (3, 2, 6, 80, 3), (5, 1, 6, 112, 3), (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
  ]

  init(_ p: ParameterPath) {
    stem = NormalizedConv(p._conv_stem, p._bn0, 3, 32, Self.same(kernel: 3, stride: 2))
    var blocks: [Block] = []
    var channels = 32
    for (kernel, stride, expansion, outputs, repeats) in Self.stages {
      for index in 0..<repeats {
        blocks.append(
          Block(
            p._blocks[blocks.count], channels, outputs, expansion: expansion,
            Self.same(kernel: kernel, stride: index == 0 ? stride : 1)))
        channels = outputs
      }
    }
    self.blocks = blocks
    head = NormalizedConv(p._conv_head, p._bn1, channels, featureCount, NormalizedConv.Shape())
    classes = Linear(p._fc, featureCount, 1000)
  }

  /// TensorFlow's "same" padding: all sides of feature maps here are even where the stride is 2, so that the larger half
  /// lies right and below.
  private static func same(kernel: Int, stride: Int) -> NormalizedConv.Shape {
    let before = (kernel - stride) / 2
    let after = kernel - stride - before
    return .init(
      height: kernel, width: kernel, stride: stride,
      padding: Padding(top: before, left: before, bottom: after, right: after))
  }

  /// An inverted bottleneck.
  private struct Block: Sendable {
    let expand: NormalizedConv?
    let depthwise, project: NormalizedConv
    let isResidual: Bool

    init(_ p: ParameterPath, _ inputs: Int, _ outputs: Int, expansion: Int, _ shape: NormalizedConv.Shape) {
      let width = inputs * expansion
      var own = shape
      own.isDepthwise = true
      expand =
        expansion == 1 ? nil : NormalizedConv(p._expand_conv, p._bn0, inputs, width, NormalizedConv.Shape())
      depthwise = NormalizedConv(p._depthwise_conv, p._bn1, width, width, own)
      project = NormalizedConv(p._project_conv, p._bn2, width, outputs, NormalizedConv.Shape())
      isResidual = shape.stride == 1 && inputs == outputs
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let wide = expand.map { $0(x).clamped(0, 6) } ?? x
      let y = project(depthwise(wide).clamped(0, 6))
      return isResidual ? x + y : y
    }
  }

  func input(_ image: Image) -> Tensor {
    // The port takes (value − 127) / 128; ±1 is value / 127.5 − 1.
    ImageTensor.pack([image.square(Self.side)])
  }

  func features(_ images: Tensor) -> NetworkFeatures {
    var x = stem(images.scaled(by: 127.5 / 128, plus: 0.5 / 128)).clamped(0, 6)
    for block in blocks { x = block(x) }
    let places = head(x).clamped(0, 6)
    let pooled = places.mean(axes: [1, 2])
    return NetworkFeatures(pooled: pooled, places: places, logits: classes(pooled))
  }
}
