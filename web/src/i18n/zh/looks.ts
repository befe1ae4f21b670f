import type { Texts } from "../en";

export const looks: Pick<Texts, "looks"> = {
  looks: {
    open: "谁看过我的病历？",
    hint: "医院里谁打开过、什么时候、为什么",
    title: "谁看过我的病历",
    body: "这份记录医院不能改，也不能删。最近的排在最前面。",
    loading: "正在查阅医院的记录……",
    none: "还没有人打开过。",
    more: "更早的还有一些，可以向医院索取完整记录。",
    failed: (why) => `没有查到记录。${why}`,
    act: {
      offer_shown: "看到了您的姓名和就诊原因",
      visit_taken: "接诊",
      record_read: "查看病历",
      record_written: "书写病历",
      triaged: "分诊，设定优先级",
      recording_played: "观看录像",
      recording_checked: "核查录像有没有被改动",
      recording_described: "把录像登记到病历系统",
      copy_made: "制作录像复制件",
      copy_fetched: "取走录像复制件",
      recording_held: "保全录像，暂不销毁",
      recording_classified: "更改了录像的保存期限",
    },
    why: {
      treatment: "为您诊治",
      patient_request: "应您的要求",
      complaint: "处理投诉",
      quality: "质量检查",
      teaching: "教学",
      legal: "法律事务",
    },
    when: (day, time) => `${day} ${time}`,
  },
};
