import TensorCore
import TestSupport
import Testing

/// A recorded identity that remembers which gradients backward asked it for.
private final class Spy {
  private(set) var asked: [[Bool]] = []

  func pass(_ inputs: [Tensor]) -> Tensor {
    let sum = inputs.dropFirst().reduce(inputs[0].detached) { $0 + $1.detached }
    return Tape.record(sum, inputs) { dy, needed in
      self.asked.append(needed)
      return needed.map { $0 ? dy : nil }
    }
  }
}

private func tensor(_ values: Float...) -> Tensor {
  Tensor(values, shape: [values.count], device: .reference)
}

@Suite struct TapeTests {
  /// A leaf's gradient is told once nothing is added to it any more, the last used first, in place of being returned.
  @Test func finalGradientsAreToldAsSoonAsTheyAre() {
    let (first, second, unused) = (Variable(tensor(1, 2)), Variable(tensor(3, 4)), Variable(tensor(5, 6)))
    var told: [(ObjectIdentifier, [Float], Int)] = []
    let spy = Spy()
    func value() -> Tensor {
      // The first leaf is used at the start and again at the end.
      let early = spy.pass([first.value])
      let both = spy.pass([early, second.value])
      _ = spy.pass([unused.value])
      return (both * first.value).sum()
    }
    let (_, left) = valueAndGradients(
      onFinal: { told.append((ObjectIdentifier($0), $1.floats(), spy.asked.count)) }, value)
    #expect(left.isEmpty)
    let (_, gradients) = valueAndGradients(value)
    #expect(told.map(\.0) == [second, first].map { ObjectIdentifier($0) })
    // Of three recorded passes one has no part in the value.
    #expect(told.map(\.2) == [1, 2])
    #expect(told.map(\.1) == [gradients[second]?.floats(), gradients[first]?.floats()])
    #expect(gradients[unused] == nil)
  }

  @Test func nothingRecordsOutsideAScope() {
    let (x, spy) = (Variable(tensor(1, 2)), Spy())
    #expect(Tape.active == nil)
    let early = spy.pass([x.value])
    let (value, gradients) = valueAndGradients { early.sum() }
    #expect(value.scalar == 3)
    #expect(gradients.isEmpty)
    #expect(spy.asked.isEmpty)
    #expect(Tape.active == nil)
  }

  /// Values that depend on no leaf are not recorded, and of a recorded operation only the leaves' side is asked for.
  @Test func frozenInputsAreNotAsked() {
    let (frozen, x) = (tensor(3, 4), Variable(tensor(1, 2)))
    let (onFrozen, mixed) = (Spy(), Spy())
    let (_, gradients) = valueAndGradients {
      let constant = onFrozen.pass([frozen, frozen])
      return mixed.pass([constant, x.value, frozen]).sum()
    }
    #expect(onFrozen.asked.isEmpty)
    #expect(mixed.asked == [[false, true, false]])
    #expect(gradients[x]?.floats() == [1, 1])
  }

  @Test func branchesWithoutInfluenceAreNotAsked() {
    let (x, spy) = (Variable(tensor(1)), Spy())
    let (_, gradients) = valueAndGradients {
      _ = spy.pass([x.value])
      return x.value * 2
    }
    #expect(spy.asked.isEmpty)
    #expect(gradients[x]?.floats() == [2])
  }

  @Test func gradientsOfOneLeafAdd() {
    let x = Variable(tensor(2, 3))
    let (value, gradients) = valueAndGradients { (x.value * x.value * x.value + x.value).sum() }
    #expect(value.scalar == 8 + 27 + 5)
    #expect(gradients[x]?.floats() == [13, 28])
  }

  /// An intermediate value used twice gets the sum of both gradients before it passes it on, once.
  @Test func gradientsOfOneValueAdd() {
    let (x, spy) = (Variable(tensor(2)), Spy())
    let (_, gradients) = valueAndGradients {
      let y = spy.pass([x.value])
      return y * 3 + y * y
    }
    #expect(gradients[x]?.floats() == [7])
    #expect(spy.asked.count == 1)
  }

  @Test func unusedLeafHasNoGradient() {
    let (used, unused) = (Variable(tensor(1)), Variable(tensor(1)))
    let (_, gradients) = valueAndGradients {
      _ = unused.value
      return used.value * 5
    }
    #expect(gradients[used]?.floats() == [5])
    #expect(gradients[unused] == nil)
  }

  @Test func aLeafItself() {
    let x = Variable(tensor(4))
    let (value, gradients) = valueAndGradients(scale: 3) { x.value }
    #expect(value.scalar == 4)
    #expect(gradients[x]?.floats() == [3])
  }

  /// An inner scope differentiates by itself; for the outer one its results are constants.
  @Test func nestedScopes() {
    let x = Variable(tensor(3))
    var inner: Float?
    let (_, gradients) = valueAndGradients {
      let outerValue = x.value * x.value
      let (value, found) = valueAndGradients { x.value * 7 + outerValue }
      inner = found[x]?.scalar
      return outerValue + value
    }
    #expect(inner == 7)
    #expect(gradients[x]?.floats() == [6])
  }

  @Test func detachedCutsTheGraph() {
    let x = Variable(tensor(3))
    let (_, gradients) = valueAndGradients { x.value * x.value.detached }
    #expect(gradients[x]?.floats() == [3])
  }

  @Test func scaleMultipliesGradients() {
    let x = Variable(tensor(3))
    let (value, gradients) = valueAndGradients(scale: 1024) { x.value * x.value }
    #expect(value.scalar == 9)
    #expect(gradients[x]?.floats() == [6144])
  }

  @Test func longChains() {
    let x = Variable(tensor(1))
    let (_, gradients) = valueAndGradients {
      (0..<50_000).reduce(x.value) { y, _ in y.scaled(by: 1) }
    }
    #expect(gradients[x]?.floats() == [1])
  }

  @Test func errorsPassThrough() {
    struct Failure: Error {}
    #expect(throws: Failure.self) { try valueAndGradients { throw Failure() } }
    #expect(Tape.active == nil)
  }
}

@Suite struct CheckpointTests {
  /// A block with an input that wants a gradient, one that does not, and parameters used inside.
  @Test func gradientsAreIdentical() {
    Device.$current.withValue(.reference) {
      var random = TestRandom(seed: 11)
      let x = Variable(random.tensor([3, 4]))
      let (w, b) = (Variable(random.tensor([4, 4])), Variable(random.tensor([4])))
      let constant = random.tensor([3, 4])
      let block: ([Tensor]) -> Tensor = { inputs in
        (inputs[0].linear(w.value, bias: b.value, activation: .silu) * inputs[1]).softmax
      }
      func gradients(_ apply: @escaping ([Tensor]) -> Tensor) -> (Tensor, [Tensor?]) {
        let (value, found) = valueAndGradients {
          let first = apply([x.value, constant])
          return (apply([first + x.value, constant]) * constant).sum()
        }
        return (value, [found[x], found[w], found[b]])
      }
      let (plainValue, plain) = gradients(block)
      let (value, found) = gradients { checkpoint($0, block) }
      #expect(value.floats() == plainValue.floats())
      for (f, p) in zip(found, plain) {
        #expect(f != nil && p != nil)
        // The same operations; only the order in which the two uses of a parameter add up may differ.
        expectClose(f?.floats() ?? [], p?.floats() ?? [], atol: 1e-6, rtol: 1e-6)
      }
    }
  }

  @Test func intermediateValuesAreNotKept() {
    let (x, spy) = (Variable(tensor(1, 2)), Spy())
    let (_, gradients) = valueAndGradients {
      checkpoint([x.value]) { spy.pass([$0[0] * 2]) }.sum()
    }
    #expect(gradients[x]?.floats() == [2, 2])
    #expect(spy.asked == [[true]])
  }

  @Test func onlyParametersWantGradients() {
    let w = Variable(tensor(5))
    let (_, gradients) = valueAndGradients { checkpoint([tensor(3)]) { $0[0] * w.value } }
    #expect(gradients[w]?.floats() == [3])
  }

  @Test func nestedCheckpoints() {
    let (x, w) = (Variable(tensor(2)), Variable(tensor(3)))
    let (_, gradients) = valueAndGradients {
      checkpoint([x.value]) { outer in
        checkpoint([outer[0] * w.value]) { $0[0] * $0[0] * w.value } * outer[0]
      }
    }
    // (xw)² w x = x³ w³
    #expect(gradients[x]?.floats() == [3 * 4 * 27])
    #expect(gradients[w]?.floats() == [3 * 9 * 8])
  }

  @Test func withoutATapeItIsTheBlock() {
    #expect(checkpoint([tensor(2)]) { $0[0] * 3 }.floats() == [6])
  }
}
