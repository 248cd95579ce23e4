import Models
import NN
import TensorCore
import Testing

/// A row's result is the same bits whatever rows go through the network with it, so that pictures made together are those made one
/// by one: on oneDNN in bf16 and int8. Float32's products sum in an order that follows the number of rows, and their pictures are
/// not joined. Sizes are Stable Diffusion's, where kernels choose their ways.
@Suite struct RowIndependenceTests {
  /// The upper two levels of Stable Diffusion's U-Net.
  private func network(_ precision: Precision) -> UNet2DConditionModel {
    var config = UNet2DConditionConfig()
    (config.blockOutChannels, config.layersPerBlock, config.crossAttentionDim) = ([320, 640], .one(1), 768)
    config.downBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"]
    config.upBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"]
    config.attentionHeadDim = .one(8)
    return UNet2DConditionModel(ParameterStore(RandomInitialization(seed: 1)).root, config)
  }

  @Test(arguments: [Precision.bf16, .int8], [16, 24])
  func unet(precision: Precision, side: Int) {
    for device in Device.available where device.name == "onednn" {
      Device.$current.withValue(device) {
        let network = network(precision)
        let source = RandomInitialization(seed: 2)
        func normal(_ name: String, _ shape: [Int]) -> Tensor {
          source.tensor(name, shape: shape, initializer: .normal(deviation: 1)) ?? .zeros(shape)
        }
        let rows = 8
        let x = normal("x", [rows, side, side, 4]).cast(to: precision.dtype)
        let context = normal("context", [rows, 77, 768])
        func run(_ first: Int, _ count: Int) -> [Float] {
          ProductArithmetic.$current.withValue(precision.products) {
            network(
              x.slice(axis: 0, from: first, count: count), timesteps: Array(repeating: 500, count: count),
              NetworkConditioning(context: context.slice(axis: 0, from: first, count: count))
            ).cast(to: .f32).floats()
          }
        }
        let together = run(0, rows)
        for count in [1, 2, 3, 6] {
          let alone = run(2, count)
          let length = together.count / rows
          let same = Array(together[(2 * length)..<((2 + count) * length)]) == alone
          #expect(same, "\(count) of \(rows) rows on \(device.name)")
        }
      }
    }
  }
}
