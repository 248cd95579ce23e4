import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct OptimizerKernelTests {
  static let setups = Setup.all.filter { $0.dtype == .f32 }

  @Test(arguments: setups) func adamW(_ setup: Setup) {
    for n in vectorSizes {
      compare(setup, slack: 2, "\(n)") {
        let (p, g, m) = ($0.normal([n]), $0.normal([n]), $0.normal([n]))
        let v = $0.uniform([n], 0.1..<1)
        for t in 1...3 {
          let step = AdamWStep(
            gradientScale: 0.5, learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
            weightDecay: 0.1, biasCorrection1: 1 - pow(0.9, Double(t)),
            biasCorrection2: 1 - pow(0.999, Double(t)))
          $0.kernels.adamW(p, gradient: g, firstMoment: m, secondMoment: v, step)
        }
        return [p, m, v, g]
      }
    }
  }

  @Test(arguments: setups) func average(_ setup: Setup) {
    for n in vectorSizes {
      compare(setup, "\(n)") {
        let (average, p) = ($0.normal([n]), $0.normal([n]))
        $0.kernels.updateAverage(average, p, decay: 0.9)
        return [average, p]
      }
    }
  }
}
