using System.Runtime.InteropServices;
using System.Text;
using Looped.Actors.Telemetry;

namespace Looped.Host.Telemetry;

/// <summary>
/// The NVIDIA driver's own numbers about a GPU (libnvidia-ml, which comes with the driver). Where there is no driver there are no numbers, and that
/// is all right. A number that a card does not have is null.
/// </summary>
internal sealed partial class Nvml
{
    private const string Library = "libnvidia-ml.so.1";
    private const int Success = 0, GpuSensor = 0, Uncorrected = 1, SinceLoaded = 0;
    private const uint SentField = 197, ReceivedField = 198;

    private readonly nint _device;
    private readonly string _id, _name;

    private Nvml(nint device)
    {
        _device = device;
        _id = Text((buffer, length) => DeviceUuid(device, buffer, length));
        _name = Text((buffer, length) => DeviceName(device, buffer, length));
    }

    /// <summary>The GPU that a recipe's device means; null for the CPU, and where there is no driver.</summary>
    /// <param name="device">Such as <c>cuda:1</c>.</param>
    /// <param name="visible">The value of CUDA_VISIBLE_DEVICES, by which CUDA numbers the GPUs anew; the driver does not.</param>
    public static Nvml? Open(string device, string? visible)
    {
        string[] parts = device.Split(':');
        if (parts[0] != "cuda") return null;
        int index = parts.Length > 1 && int.TryParse(parts[1], out int number) ? number : 0;
        string[] shown = (visible ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string name = index < shown.Length ? shown[index] : $"{index}";
        try
        {
            if (Init() != Success) return null;
            int found = uint.TryParse(name, out uint order) ? HandleByIndex(order, out nint handle) : HandleByUuid(name, out handle);
            return found == Success ? new Nvml(handle) : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The numbers now.</summary>
    public GpuNumbers Read()
    {
        bool busy = UtilizationRates(_device, out Utilization utilization) == Success, memory = MemoryInfo(_device, out Memory bytes) == Success;
        return new GpuNumbers(_id, _name,
            busy ? utilization.Gpu / 100.0 : null,
            memory ? (long)bytes.Used : null,
            memory ? (long)bytes.Total : null,
            PowerUsage(_device, out uint milliwatts) == Success ? milliwatts / 1e3 : null,
            Temperature(_device, GpuSensor, out uint celsius) == Success ? celsius : null,
            TotalEnergy(_device, out ulong millijoules) == Success ? millijoules / 1e3 : null,
            Field(SentField), Field(ReceivedField),
            TotalEccErrors(_device, Uncorrected, SinceLoaded, out ulong errors) == Success ? (long)errors : null);
    }

    /// <summary>A counter of bytes; drivers before 570 and some cards have none.</summary>
    private long? Field(uint id)
    {
        var field = new FieldValue { Id = id };
        return FieldValues(_device, 1, ref field) == Success && field.Outcome == Success ? (long)field.Value : null;
    }

    private static string Text(Func<byte[], uint, int> read)
    {
        byte[] buffer = new byte[96];
        return read(buffer, (uint)buffer.Length) == Success ? Encoding.UTF8.GetString(buffer).TrimEnd('\0') : "unknown";
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Utilization
    {
        public uint Gpu, Memory;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Memory
    {
        public ulong Total, Free, Used;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct FieldValue
    {
        public uint Id, Scope;
        public long Timestamp, Latency;
        public int Type, Outcome;
        public ulong Value;
    }

    [LibraryImport(Library, EntryPoint = "nvmlInit_v2")]
    private static partial int Init();

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetHandleByIndex_v2")]
    private static partial int HandleByIndex(uint index, out nint device);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetHandleByUUID", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int HandleByUuid(string uuid, out nint device);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetUUID")]
    private static partial int DeviceUuid(nint device, byte[] text, uint length);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetName")]
    private static partial int DeviceName(nint device, byte[] text, uint length);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetUtilizationRates")]
    private static partial int UtilizationRates(nint device, out Utilization utilization);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetMemoryInfo")]
    private static partial int MemoryInfo(nint device, out Memory memory);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetPowerUsage")]
    private static partial int PowerUsage(nint device, out uint milliwatts);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetTemperature")]
    private static partial int Temperature(nint device, int sensor, out uint celsius);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetTotalEnergyConsumption")]
    private static partial int TotalEnergy(nint device, out ulong millijoules);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetFieldValues")]
    private static partial int FieldValues(nint device, int count, ref FieldValue values);

    [LibraryImport(Library, EntryPoint = "nvmlDeviceGetTotalEccErrors")]
    private static partial int TotalEccErrors(nint device, int kind, int counter, out ulong errors);
}
