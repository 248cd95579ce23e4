import TensorCore

/// Layers that `imago bench kernels` times.
enum BenchLayers {
  /// The layers of Stable Diffusion 1.5's U-Net at 512², two rows, and of its autoencoder.
  static let stableDiffusion: [KernelBenchmark.Layer] = [
    .convolution(batch: 2, side: 64, inputs: 320, outputs: 320),
    .convolution(batch: 2, side: 64, inputs: 960, outputs: 320),
    .convolution(batch: 2, side: 32, inputs: 640, outputs: 640),
    .convolution(batch: 2, side: 32, inputs: 1920, outputs: 640),
    .convolution(batch: 2, side: 16, inputs: 1280, outputs: 1280),
    .convolution(batch: 2, side: 8, inputs: 1280, outputs: 1280),
    .linear(rows: 8192, inputs: 320, outputs: 320), .linear(rows: 8192, inputs: 320, outputs: 2560),
    .linear(rows: 2048, inputs: 640, outputs: 5120), .linear(rows: 512, inputs: 1280, outputs: 1280),
    .attention(batch: 2, heads: 8, queries: 4096, keys: 4096, width: 40),
    .attention(batch: 2, heads: 8, queries: 1024, keys: 1024, width: 80),
    .attention(batch: 2, heads: 8, queries: 256, keys: 256, width: 160),
    .attention(batch: 2, heads: 8, queries: 4096, keys: 77, width: 40),
    .convolution(batch: 1, side: 512, inputs: 128, outputs: 128),
    .convolution(batch: 1, side: 256, inputs: 256, outputs: 256),
    .convolution(batch: 1, side: 128, inputs: 512, outputs: 512),
    .attention(batch: 1, heads: 1, queries: 4096, keys: 4096, width: 512),
  ]
}
