import ArgumentParser
import CommandSupport
import Foundation
import Generation
import TensorCore

extension Bench {
  /// Layer by layer: GFLOP/s forward and backward beside the matrix library's own.
  struct Kernels: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Layers of Stable Diffusion 1.5: GFLOP/s forward and backward, beside the ceiling.",
      usage: "imago bench kernels [<options>]")

    @OptionGroup var options: BenchOptions

    func run() throws { try options.run(measure) }

    private func measure() throws {
      let (compute, dtype, runs) = (options.compute, options.dtype, options.runs)
      if !compute.json {
        Terminal.out(Self.row("layer", "forward", "backward", "ceiling", "share"))
      }
      for layer in BenchLayers.stableDiffusion {
        try Interruption.check()
        let figure = KernelBenchmark.time(layer, dtype, runs: runs)
        let speed = { (factor: Double, seconds: Double) in
          factor * layer.operations / seconds / 1e9
        }
        // Backward of a product is two products; of attention, five for the forward's two.
        let factor: Double
        if case .attention = layer { factor = 2.5 } else { factor = 2 }
        let forward = speed(1, figure.forward)
        let ceiling = speed(1, figure.ceiling)
        if compute.json {
          let line = KernelLine(
            what: "kernels", layer: layer.name, size: layer.size, batch: layer.batch,
            precision: compute.chosenPrecision.rawValue, seconds: figure.forward, backwardSeconds: figure.backward,
            gflops: forward, backwardGflops: speed(factor, figure.backward), ceilingGflops: ceiling,
            peakMemory: BenchFigure.peakMemoryGB)
          try Terminal.json(line)
        } else {
          Terminal.out(
            Self.row(
              layer.name, String(format: "%.0f", forward),
              String(format: "%.0f", speed(factor, figure.backward)),
              String(format: "%.0f", ceiling), String(format: "%.2f", forward / ceiling)))
        }
      }
    }

    private static func row(_ cells: String...) -> String {
      zip(cells, [36, 9, 9, 9, 7]).map { cell, width in
        let space = String(repeating: " ", count: max(0, width - cell.count))
        return width == 36 ? cell + space : space + cell
      }.joined()
    }
  }
}

/// What `--json` prints for a layer; the names are those of the command line's contract.
private struct KernelLine: Encodable {
  let what, layer: String
  let size, batch: Int
  let precision: String
  let seconds, backwardSeconds, gflops, backwardGflops, ceilingGflops, peakMemory: Double

  enum CodingKeys: String, CodingKey {
    case what, layer, size, batch, precision, seconds, gflops
    case peakMemory = "peak_rss_gb"
    case backwardSeconds = "backward_seconds"
    case backwardGflops = "backward_gflops"
    case ceilingGflops = "ceiling_gflops"
  }
}
