import TensorCore

/// Names of the devices a whole network can run on in reasonable time on this machine.
public let fastDeviceNames = Device.available.map(\.name).filter { $0 != Device.reference.name }

/// Runs `body` with the named device as the current one.
public func on<R>(_ name: String, _ body: () throws -> R) throws -> R {
  guard let device = Device.named(name) else { throw UnknownDevice(name: name) }
  return try Device.$current.withValue(device) { try body() }
}

/// A device name that means nothing.
public struct UnknownDevice: Error {
  let name: String
}
