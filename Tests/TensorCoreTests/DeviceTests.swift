import TensorCore
import TestSupport
import Testing

/// What a device is asked for: memory, transfer, synchronisation, a name.
@Suite struct DeviceTests {
  @Test func bytesComeAndGoByTransfer() throws {
    let (device, memory) = Device.separate(computingAs: .reference)
    do {
      let x = Tensor([1.0, 2, 3, 4, 5, 6], shape: [3, 2], device: device)
      #expect(x.floats() == [1, 2, 3, 4, 5, 6])
      // Views share a handle.
      let row = x.slice(axis: 0, from: 1, count: 1)
      #expect(row.floats() == [3, 4] && row.device === device)
      #expect((row + row).floats() == [6, 8])
      x.mutateInPlace { $0[2] = 30 }
      #expect(row.floats() == [30, 4])
      #expect(Tensor([3, 1] as [Int32], shape: [2], device: device).integers() == [3, 1])
      let here = x.moved(to: .reference)
      #expect(here.device === Device.reference && here.floats() == [1, 2, 30, 4, 5, 6])
      #expect(here.moved(to: device).floats() == here.floats())
      #expect(x.moved(to: device).storage === x.storage)
      let values: [Float] = [7, 8]
      values.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress {
          let mapped = Tensor(mapped: base, shape: [2], dtype: .f32, owner: 0, device: device)
          #expect(mapped.storage.handle != UInt(bitPattern: base) && mapped.floats() == values)
        }
      }
      #expect(memory.traffic.liveBytes > 0)
    }
    #expect(memory.traffic.liveBytes == 0, "all memory is given back")
  }

  /// Ids are looked at by the device alone.
  @Test func embeddingReadsNothingBack() {
    let (device, memory) = Device.separate(computingAs: .reference)
    let table = Tensor([1.0, 2, 3, 4], shape: [2, 2], device: device)
    let ids = Tensor([1, 0, 1] as [Int32], shape: [3], device: device)
    let before = memory.traffic.downloads
    let found = Tensor.embedding(table, ids)
    #expect(memory.traffic.downloads == before)
    #expect(found.floats() == [3, 4, 1, 2, 3, 4])
  }

  @Test func registeredDevicesAreFoundByName() {
    let device = Device(name: "rehearsal", kernels: Device.reference.kernels, memory: Device.reference.memory)
    #expect(Device.named("rehearsal") == nil)
    Device.register(device)
    #expect(Device.named("rehearsal") === device && Device.names.last == "rehearsal")
    #expect(Device.names.first == "onednn" && Device.named("best") === Device.best)
    #expect(Device.available.contains { $0 === device })
    #expect(device.noInt8Reason?.contains("rehearsal backend has no products in 8 bits") == true)
  }

  @Test func otherMemoryIsNotReadByAddress() async throws {
    let result = try #require(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let (device, _) = Device.separate(computingAs: .reference)
        let x = Tensor([1.0], shape: [1], device: device)
        print(Device.reference.kernels.unary(.exp, x, 0, 0).floats())
      })
    let message = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(message.contains("cannot read the memory of device separate by address"), "\(message)")
  }

  @Test func operandsOfTwoDevicesAreRefused() async throws {
    let result = try #require(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        let (device, _) = Device.separate(computingAs: .reference)
        let (x, w) = (Tensor([1.0], shape: [1, 1], device: device), Tensor([1.0], shape: [1, 1], device: .openBLAS))
        print(x.linear(w).floats())
      })
    let message = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(message.contains("linear of a tensor on device separate and one on openblas"), "\(message)")
  }
}
