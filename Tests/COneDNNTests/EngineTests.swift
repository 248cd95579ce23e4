import CKernels
import COneDNN
import Testing

@Suite struct EngineTests {
  @Test func library() {
    #expect(idnn_init() == 0)
    #expect(String(cString: idnn_version()).hasPrefix("2."))
    #expect([0, 1].contains(idnn_has_bf16()))
  }

  @Test func missingOperands() throws {
    let op = try #require(idnn_linear_forward(IK_F32, 2, 3, 4, 1, 0, IDNN_NONE), "\(lastError)")
    let x = Elements(.f32, count: 8)
    let y = Elements(.f32, count: 6)
    let packed = pack(op, .f32, Elements(.f32, [Float](repeating: 1, count: 12)))
    #expect(idnn_run_forward(op, x.raw, packed.raw, nil, nil, y.raw) != 0)
    #expect(lastError.contains("operand"), "\(lastError)")
    var shape = Convolution(1, 4, 4, 8, 8).shape(.f32)
    let residual = try #require(idnn_conv_forward(&shape, 0, 1, IDNN_NONE, 0))
    #expect(idnn_run_forward(residual, x.raw, packed.raw, nil, nil, y.raw) != 0)
    #expect(lastError.contains("residual"), "\(lastError)")
  }

  @Test func impossibleShapes() {
    var shape = Convolution(1, 4, 4, 8, 8).shape(.f32)
    shape.OH = 9
    #expect(idnn_conv_forward(&shape, 0, 0, IDNN_NONE, 0) == nil)
    #expect(lastError.contains("[1, 4, 4, 8]"), "\(lastError)")
    #expect(idnn_conv_backward_data(&shape) == nil)
    #expect(idnn_conv_backward_weights(&shape) == nil)
    #expect(idnn_linear_forward(IK_F16, 2, 3, 4, 0, 0, IDNN_NONE) == nil)
  }
}
