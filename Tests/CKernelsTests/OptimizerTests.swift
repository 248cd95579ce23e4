import CKernels
import Foundation
import Testing

@Suite struct OptimizerTests {
  struct State: Equatable {
    var p, m, v: [Float]
  }

  static func run(_ n: Int, steps: Int) -> State {
    let floats = { (seed: UInt64) in randomArray(IK_F32, n, seed: seed).values.map { Float($0) } }
    var state = State(
      p: floats(1), m: [Float](repeating: 0, count: n), v: [Float](repeating: 0, count: n))
    for t in 1...steps {
      let g = floats(UInt64(t + 10))
      ik_adamw(
        Int64(n), &state.p, g, &state.m, &state.v, 0.5, 1e-2, 0.9, 0.999, 1e-8, 0.1,
        1 - pow(0.9, Double(t)), 1 - pow(0.999, Double(t)))
    }
    return state
  }

  @Test(arguments: testSizes) func adamwFollowsTheFormula(n: Int) {
    let floats = { (seed: UInt64) in randomArray(IK_F32, n, seed: seed).values }
    var (p, m, v) = (floats(1), [Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    let steps = 20
    for t in 1...steps {
      for (i, raw) in floats(UInt64(t + 10)).enumerated() {
        let g = 0.5 * raw
        p[i] -= 1e-2 * 0.1 * p[i]
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.999 * v[i] + 0.001 * g * g
        let root = (v[i] / (1 - pow(0.999, Double(t)))).squareRoot()
        p[i] -= 1e-2 / (1 - pow(0.9, Double(t))) * m[i] / (root + 1e-8)
      }
    }
    onEveryLevel { level in
      let state = Self.run(n, steps: steps)
      // Some ten roundings a step; m, and so the step of 0.01, may cancel to near zero.
      expectClose(state.p.map(Double.init), p, relative: 1e-6, absolute: 1e-6, "\(level) p")
      expectClose(state.m.map(Double.init), m, relative: 1e-6, absolute: 1e-6, "\(level) m")
      expectClose(state.v.map(Double.init), v, relative: 2e-6, "\(level) v")
    }
  }

  @Test(arguments: testSizes) func movingAverage(n: Int) {
    let p = randomArray(IK_F32, n, seed: 2).values.map { Float($0) }
    let start = randomArray(IK_F32, n, seed: 3).values.map { Float($0) }
    onEveryLevel { level in
      var average = start
      ik_ema(Int64(n), &average, p, 0.9999)
      let moved = zip(average, start).map { Double($0) - Double($1) }
      let expected = zip(p, start).map { 1e-4 * (Double($0) - Double($1)) }
      // The movement is small beside the average, whose rounding is 2^-24 of 2.
      expectClose(moved, expected, relative: 1e-6, absolute: 0x1p-23, level)
    }
  }

  @Test func sameForAnyThreadCount() {
    expectSameForAnyThreadCount("adamw, ema") {
      var state = Self.run(100_003, steps: 2)
      let p = state.p
      ik_ema(100_003, &state.m, p, 0.99)
      return [state.p, state.m, state.v].map { TypedArray(IK_F32, $0.map(Double.init)) }
    }
  }
}
