import Synchronization

extension Device {
  /// In order of preference.
  private static let registered = Mutex<[Device]>([.oneDNN, .openBLAS, .reference])

  /// Adds a device to those that can be chosen by name, behind the others. One of the same name is replaced.
  public static func register(_ device: Device) {
    registered.withLock { list in
      if let place = list.firstIndex(where: { $0.name == device.name }) {
        list[place] = device
      } else {
        list.append(device)
      }
    }
  }

  /// All devices, in order of preference.
  public static var all: [Device] { registered.withLock { $0 } }

  /// Names accepted by `named(_:)`, in order of preference.
  public static var names: [String] { all.map(\.name) }

  /// The devices that can compute on this machine, in order of preference.
  public static var available: [Device] { all.filter { $0.unavailableReason == nil } }

  /// The fastest device that works on this machine.
  public static let best: Device = OneDNNMatrixKernels.isAvailable ? .oneDNN : .openBLAS

  /// The device of that name, or the best; nil if there is none.
  public static func named(_ name: String) -> Device? { name == "best" ? .best : all.first { $0.name == name } }
}
