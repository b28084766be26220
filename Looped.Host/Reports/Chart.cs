using System.Globalization;
using System.Text;

namespace Looped.Host.Reports;

/// <summary>
/// A chart as inline SVG that is as wide as its place on the page: the drawing is stretched, strokes, dots and letters keep their size.
/// Lines and dots are strokes that do not scale; labels are HTML beside the drawing.
/// </summary>
internal sealed class Chart(Axis x, Axis y)
{
    /// <summary>The drawing's own units in both directions.</summary>
    private const double Units = 1000;

    private readonly StringBuilder _under = new(), _drawn = new();
    private readonly List<string> _labels = [];

    /// <summary>Height in CSS pixels.</summary>
    public int Height { get; init; } = 200;

    /// <summary>Whether values on the horizontal axis count something.</summary>
    public bool WholeX { get; init; } = true;

    /// <summary>Whether values on the vertical axis count something.</summary>
    public bool WholeY { get; init; }

    /// <summary>What stands under the horizontal axis.</summary>
    public string XName { get; init; } = "step";

    /// <summary>How many values of the vertical axis are written.</summary>
    public int YTicks { get; init; } = 4;

    /// <summary>A line through points, broken where a value is not finite.</summary>
    /// <param name="points">Ascending.</param>
    /// <param name="style">CSS classes: a colour and a weight.</param>
    public Chart Line(IEnumerable<(double X, double Y)> points, string style)
    {
        string path = Path(points);
        if (path.Length > 0) _drawn.Append(Invariant($"<path class=\"{style}\" d=\"{path}\"/>"));
        return this;
    }

    /// <summary>The surface under a line of steps, and the line.</summary>
    public Chart Area(IReadOnlyList<(double X, double Y)> points, string style)
    {
        if (points.Count == 0) return this;
        string line = Path(points);
        _under.Append(Invariant($"<path class=\"{style} area\" d=\"{line}V{Place(y.At(0), down: true)}H{Place(x.At(points[0].X))}Z\"/>"));
        _drawn.Append(Invariant($"<path class=\"{style} line\" d=\"{line}\"/>"));
        return this;
    }

    /// <summary>A dot with a text that shows when the pointer rests on it.</summary>
    public Chart Dot(double atX, double atY, string style, string title)
    {
        if (!double.IsFinite(atY)) return this;
        _drawn.Append(Invariant($"<path class=\"{style} dot\" d=\"M{Place(x.At(atX))} {Place(Math.Clamp(y.At(atY), 0, 1), down: true)}h.01\"><title>{Html.Escape(title)}</title></path>"));
        return this;
    }

    /// <summary>A bar from zero.</summary>
    public Chart Bar(double atX, double value, string style, string title)
    {
        if (!double.IsFinite(value)) return this;
        string at = Place(x.At(atX));
        _drawn.Append(Invariant($"<path class=\"{style} bar\" d=\"M{at} {Place(y.At(0), down: true)}V{Place(y.At(value), down: true)}\"><title>{Html.Escape(title)}</title></path>"));
        return this;
    }

    /// <summary>A vertical line over the whole height.</summary>
    public Chart Guide(double at, string style, string title)
    {
        if (x.At(at) is < 0 or > 1) return this;
        _under.Append(Invariant($"<path class=\"{style} guide\" d=\"M{Place(x.At(at))} 0V{Units}\"><title>{Html.Escape(title)}</title></path>"));
        return this;
    }

    /// <summary>A horizontal line over the whole width, with its name at the right end.</summary>
    public Chart Level(double at, string style, string name)
    {
        _under.Append(Invariant($"<path class=\"{style} guide\" d=\"M0 {Place(y.At(at), down: true)}H{Units}\"/>"));
        _labels.Add(Invariant($"<span class=\"name\" style=\"top:{Percent(1 - y.At(at))}\">{Html.Escape(name)}</span>"));
        return this;
    }

    /// <summary>Invisible bands over the drawing, each with the text of the point nearest to it.</summary>
    public Chart Hover(IEnumerable<(double X, string Title)> points)
    {
        (double X, string Title)[] shown = [.. Thinning.Evenly([.. points], 240)];
        for (int i = 0; i < shown.Length; i++)
        {
            double left = i == 0 ? 0 : (x.At(shown[i - 1].X) + x.At(shown[i].X)) / 2, right = i == shown.Length - 1 ? 1 : (x.At(shown[i].X) + x.At(shown[i + 1].X)) / 2;
            _drawn.Append(Invariant($"<rect class=\"hover\" x=\"{Place(left)}\" y=\"0\" width=\"{Place(right - left)}\" height=\"{Units}\"><title>{Html.Escape(shown[i].Title)}</title></rect>"));
        }
        return this;
    }

    /// <summary>The chart as HTML.</summary>
    public Markup Render()
    {
        var html = new StringBuilder();
        html.Append(Invariant($"<div class=\"plot\" style=\"height:{Height}px\"><svg viewBox=\"0 0 {Units} {Units}\" preserveAspectRatio=\"none\" role=\"img\">"));
        foreach (double tick in y.Ticks(YTicks, WholeY))
        {
            html.Append(Invariant($"<path class=\"grid\" d=\"M0 {Place(y.At(tick), down: true)}H{Units}\"/>"));
            _labels.Add(Invariant($"<span class=\"y\" style=\"top:{Percent(1 - y.At(tick))}\">{Axis.Label(tick)}</span>"));
        }
        IReadOnlyList<double> across = x.Ticks(6, WholeX);
        for (int i = 0; i < across.Count; i++)
            _labels.Add(Invariant($"<span class=\"x{(i % 2 == 1 ? " odd" : "")}\" style=\"left:{Percent(x.At(across[i]))}\">{Axis.Label(across[i])}</span>"));
        html.Append(_under).Append(_drawn).Append("</svg>").AppendJoin("", _labels).Append(Invariant($"<span class=\"xname\">{Html.Escape(XName)}</span></div>\n"));
        return new Markup(html.ToString());
    }

    /// <summary>Dots of a row without a vertical axis, under a chart with the same horizontal one.</summary>
    public static Markup Lane(Axis x, string name, string style, IEnumerable<(double X, string Title)> dots) => new(Invariant(
        $"<div class=\"lane\"><span>{Html.Escape(name)}</span><svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\"><path class=\"grid\" d=\"M0 5H1000\"/>")
        + string.Concat(dots.Select(d => Invariant($"<path class=\"{style} dot\" d=\"M{Place(x.At(d.X))} 5h.01\"><title>{Html.Escape(d.Title)}</title></path>"))) + "</svg></div>\n");

    private string Path(IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        bool pen = false;
        foreach ((double atX, double atY) in points)
        {
            if (!double.IsFinite(atY))
            {
                pen = false;
                continue;
            }
            path.Append(pen ? 'L' : 'M').Append(Place(x.At(atX))).Append(' ').Append(Place(Math.Clamp(y.At(atY), -1, 2), down: true));
            pen = true;
        }
        return path.ToString();
    }

    private static string Place(double share, bool down = false) => (Units * (down ? 1 - share : share)).ToString("0.#", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.##", CultureInfo.InvariantCulture) + "%";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
