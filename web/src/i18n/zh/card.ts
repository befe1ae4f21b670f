import type { Texts } from "../en";

export const card: Pick<Texts, "card"> = {
  card: {
    title: "开始之前",
    willSee: { patient: "即将为您看诊的是", practitioner: "下一位患者" },
    question: "对吗？",
    yes: "对，开始",
    no: "不对",
    wrongTitle: "不是这个人吗？",
    wrongBody: "那就到此为止，双方都还没有看到、听到对方。",
    wrongYes: "停止，人不对",
    wrongNo: "返回",
    unseen: "现在还没有人看到、听到您",
    waits: (name) => `好的，正在等${name}确认。`,
    waitsBody: "马上就好，画面和声音会自动接通。",
    away: (name) => `${name}现在没有连上，我们会一直等着。`,
    both: "正在接通……",
    guest: "医生和患者正在互相确认，马上开始。",
    noReason: "没有填写原因",
    reason: "就诊原因",
    born: (years) => `${years} 岁`,
    sending: "请稍候……",
  },
};
