import Checkpoints
import Foundation
import TensorCore
import TestSupport
import Testing

/// Files of `torch.save` with things in them that are no plain tensors: read where they hold weights, else passed over.
@Suite struct PickledValuesTests {
  /// Sets, counters, paths, times, settings, states of random generators: none is a reason not to read the weights.
  @Test(arguments: ["beside_zip", "beside_legacy", "beside_protocol5"]) func besideWeights(_ name: String) throws {
    let file = try TensorFile(fixtureURL("pickles/\(name).pt"))
    #expect(file.keys == ["layer.weight"])
    #expect(try file.tensor("layer.weight").floats() == [1, 2, 3, 4])
  }

  /// A `ParameterDict`, as the first trainers of embeddings saved it.
  @Test(arguments: ["embedding_zip", "embedding_legacy", "embedding_111", "embedding_111_legacy"])
  func parameterDict(_ name: String) throws {
    let file = try TensorFile(fixtureURL("pickles/\(name).pt"))
    #expect(Set(file.keys) == ["string_to_param.*", "string_to_token.*"])
    #expect(try file.tensor("string_to_param.*", shape: [2, 32]).floats() == (0..<64).map { Float($0) / 2 })
  }

  private func contents(_ pickle: PickleBytes) throws -> TensorFile {
    let folder = try ScratchFolder()
    let archive = ZipBytes.archive([
      ZipBytes.Entry(name: "a/data.pkl", contents: pickle.stop),
      ZipBytes.Entry(name: "a/data/0", contents: bytes([1, 2, 3, 4])),
    ])
    return try TensorFile(try folder.write(archive, "x.pt"))
  }

  /// Dictionaries under other names keep what is in them.
  @Test func namedDictionaries() throws {
    let pickle = PickleBytes().global("easydict", "EasyDict").tuple { $0 }.appending([0x81, UInt8(ascii: "(")])
      .text("w").tensor("FloatStorage", "0", count: 4, shape: [4], strides: [1]).appending([UInt8(ascii: "u")])
    #expect(try contents(pickle).tensor("w").floats() == [1, 2, 3, 4])
  }

  /// What is let pass is not what does something: functions of the same packages, dotted names, classes of others.
  @Test(arguments: [
    ("builtins", "eval"), ("builtins", "getattr"), ("__builtin__", "exec"), ("__builtin__", "open"),
    ("posix", "system"),
    ("subprocess", "Popen"), ("omegaconf.omegaconf", "OmegaConf.create"), ("pathlib", "Path.home"),
    ("numpy", "load"), ("numpy.random", "seed"), ("numpy.testing._private.utils", "runstring"),
    ("pytorch_lightning.utilities", "rank_zero_only"), ("torch.nn.modules.container", "Sequential"),
    ("functools", "partial"), ("operator", "attrgetter"), ("types", "FunctionType"), ("re", "compile"),
    ("collections", "namedtuple"), ("typing", "get_type_hints"), ("datetime", "sys"), ("argparse", "_sys"),
  ])
  func othersAreRefused(_ module: String, _ name: String) throws {
    let call = PickleBytes().global(module, name).tuple { $0.text("x") }.reduce
    expectError(["refused", "asks for \(module).\(name)"]) { _ = try contents(call) }
    let object = PickleBytes().global(module, name).tuple { $0 }.appending([0x81])
    expectError(["refused", "asks for \(module).\(name)"]) { _ = try contents(object) }
  }

  /// What harmless values are said to be made of is looked at, too.
  @Test func harmlessOutsideOnly() throws {
    let inner = PickleBytes().global("builtins", "set").tuple { tuple in
      tuple.list { $0.global("os", "system").tuple { $0.text("x") }.reduce }
    }.reduce
    expectError(["asks for os.system"]) { _ = try contents(inner) }
    // A number on the stack has no state, and a tensor class makes no objects.
    expectError(["sets the state of an integer"]) {
      _ = try contents(PickleBytes().integer(1).dictionary { $0.text("a").text("b") }.build)
    }
    expectError(["makes an object of torch.Tensor"]) {
      _ = try contents(PickleBytes().global("torch", "Tensor").tuple { $0 }.appending([0x81]))
    }
  }
}
